@NullMarked
package io.nanogrid.spi;

import org.jspecify.annotations.NullMarked;
