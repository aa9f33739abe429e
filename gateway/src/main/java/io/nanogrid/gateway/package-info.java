@NullMarked
package io.nanogrid.gateway;

import org.jspecify.annotations.NullMarked;
