/// Jobs and calls on their way to workers, in SQS.
@NullMarked
package io.nanogrid.gateway.aws.sqs;

import org.jspecify.annotations.NullMarked;
