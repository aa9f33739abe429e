@NullMarked
package io.nanogrid.gateway.engine.sandbox;

import org.jspecify.annotations.NullMarked;
