@NullMarked
package io.nanogrid.gateway.auth;

import org.jspecify.annotations.NullMarked;
