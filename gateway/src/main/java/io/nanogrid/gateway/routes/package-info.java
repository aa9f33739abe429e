@NullMarked
package io.nanogrid.gateway.routes;

import org.jspecify.annotations.NullMarked;
