@NullMarked
package io.nanogrid.gateway.engine.docker;

import org.jspecify.annotations.NullMarked;
