@NullMarked
package io.nanogrid.gateway.engine;

import org.jspecify.annotations.NullMarked;
