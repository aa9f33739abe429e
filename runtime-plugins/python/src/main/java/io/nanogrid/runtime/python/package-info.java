@NullMarked
package io.nanogrid.runtime.python;

import org.jspecify.annotations.NullMarked;
