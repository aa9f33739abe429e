@NullMarked
package io.nanogrid.gateway.deploy;

import org.jspecify.annotations.NullMarked;
