@NullMarked
package io.nanogrid.gateway.dispatch;

import org.jspecify.annotations.NullMarked;
