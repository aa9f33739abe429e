@NullMarked
package io.nanogrid.gateway.code;

import org.jspecify.annotations.NullMarked;
