@NullMarked
package io.nanogrid.runtime.node;

import org.jspecify.annotations.NullMarked;
