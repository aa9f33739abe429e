@NullMarked
package io.nanogrid.gateway.aws;

import org.jspecify.annotations.NullMarked;
