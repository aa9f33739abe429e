/// Runs what gateways have sent to the queues.
@NullMarked
package io.nanogrid.gateway.worker;

import org.jspecify.annotations.NullMarked;
