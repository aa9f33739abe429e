@NullMarked
package io.nanogrid.gateway.metrics;

import org.jspecify.annotations.NullMarked;
