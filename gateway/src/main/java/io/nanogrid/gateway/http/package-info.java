@NullMarked
package io.nanogrid.gateway.http;

import org.jspecify.annotations.NullMarked;
