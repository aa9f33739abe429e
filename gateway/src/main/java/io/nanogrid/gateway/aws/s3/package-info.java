/// Code, output files, and whatever is too large for elsewhere, in S3.
@NullMarked
package io.nanogrid.gateway.aws.s3;

import org.jspecify.annotations.NullMarked;
