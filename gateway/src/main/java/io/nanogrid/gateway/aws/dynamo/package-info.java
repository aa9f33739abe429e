/// What is stored, in DynamoDB: the same interfaces as SQLite's, shared by all gateways and workers of a cluster.
@NullMarked
package io.nanogrid.gateway.aws.dynamo;

import org.jspecify.annotations.NullMarked;
