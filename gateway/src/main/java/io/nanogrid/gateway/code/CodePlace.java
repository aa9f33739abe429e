package io.nanogrid.gateway.code;

/// Where a bundle lies as a zip archive, for those who fetch it without us.
public record CodePlace(String bucket, String key) {
}
