@NullMarked
package io.nanogrid.gateway.jobs;

import org.jspecify.annotations.NullMarked;
