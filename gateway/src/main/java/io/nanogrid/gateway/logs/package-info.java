@NullMarked
package io.nanogrid.gateway.logs;

import org.jspecify.annotations.NullMarked;
