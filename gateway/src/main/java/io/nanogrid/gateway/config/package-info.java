@NullMarked
package io.nanogrid.gateway.config;

import org.jspecify.annotations.NullMarked;
