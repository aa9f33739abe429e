@NullMarked
package io.nanogrid.gateway.plugins;

import org.jspecify.annotations.NullMarked;
