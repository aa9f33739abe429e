package io.nanogrid.gateway.aws.s3;

import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import software.amazon.awssdk.services.s3.S3Client;

/// A bucket of one test's own, behind a proxy by which the test disturbs what goes there.
final class ProxiedBucket implements AutoCloseable {

    private final LocalCloud cloud = LocalCloud.with(Service.S3);
    final FaultProxy proxy = FaultProxy.to(cloud.server(Service.S3));
    private final ClusterConfig config = cloud.config("AWS_ENDPOINT_URL_S3", proxy.uri().toString());
    private final AwsClients clients = new AwsClients(config);
    final Bucket bucket = new Bucket(client(), name());

    ProxiedBucket() {
        client().createBucket(create -> create.bucket(name()));
    }

    S3Client client() {
        return clients.s3();
    }

    String name() {
        return config.bucket();
    }

    @Override
    public void close() {
        clients.close();
        proxy.close();
        cloud.close();
    }
}
