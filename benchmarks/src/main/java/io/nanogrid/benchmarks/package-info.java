/// What the gateway is measured against.
@NullMarked
package io.nanogrid.benchmarks;

import org.jspecify.annotations.NullMarked;
