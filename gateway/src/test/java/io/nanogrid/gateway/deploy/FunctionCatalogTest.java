package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.s3.Bucket;
import io.nanogrid.gateway.aws.s3.S3CodeStore;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.plugins.PluginLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;

/// What callers hear while the code is in S3, and this machine has none of it yet.
class FunctionCatalogTest {

    @TempDir
    private Path cache;
    private final LocalCloud cloud = LocalCloud.with(Service.S3);
    private final FaultProxy proxy = FaultProxy.to(cloud.server(Service.S3));
    private final ClusterConfig config = cloud.config("AWS_ENDPOINT_URL_S3", proxy.uri().toString());
    private final AwsClients clients = new AwsClients(config);
    private Workbench bench;
    private String id = "";
    private String hash = "";

    @BeforeEach
    void start() throws Exception {
        bench = new Workbench();
        hash = bench.stored("exports.handler = () => 1");
        Definition definition = new Definition("node", null, hash, null, Map.of(), 128, Duration.ofSeconds(60), null,
                false, PayloadFormat.SIMPLE, false);
        id = ((FunctionOutcome.Current) bench.functionDeployer.create(new FunctionDraft("one", null, definition)))
                .function().id();
        clients.s3().createBucket(create -> create.bucket(config.bucket()));
        store("first").put(bench.store.get(hash));
    }

    @AfterEach
    void stop() throws Exception {
        clients.close();
        proxy.close();
        cloud.close();
        if (bench != null) {
            bench.close();
        }
    }

    private CodeStore store(String machine) throws Exception {
        return new S3CodeStore(new Bucket(clients.s3(), config.bucket()),
                new DirectoryCodeStore(cache.resolve(machine), InstantSource.system()), InstantSource.system());
    }

    /// What a gateway on another machine finds, at its first look.
    private FunctionCatalog.Found found() throws Exception {
        LiveFunctions live = new LiveFunctions();
        try (PluginLoader plugins = new PluginLoader(List.of(Path.of("target", "plugins")), "0.1.0")) {
            Builds builds = new Builds(bench.database.callbacks(), store("other"), plugins.load(), bench.engine,
                    bench.pool, bench.routes, live);
            return new FunctionCatalog(bench.database.functions(), builds, bench.pool, live, _ -> {
            }).find(id, null);
        }
    }

    @Test
    void whileS3CannotBeReachedNobodyIsToldToSendTheCodeAgain() throws Exception {
        proxy.cut();

        assertThat(found()).isInstanceOfSatisfying(FunctionCatalog.Found.Unavailable.class,
                found -> assertThat(found.message()).contains("try again").doesNotContain("send it again"));

        proxy.heal();
        assertThat(found()).isInstanceOf(FunctionCatalog.Found.Ready.class);
    }

    @Test
    void codeThatIsGoneFromS3IsToBeSentAgain() throws Exception {
        clients.s3().deleteObject(delete -> delete.bucket(config.bucket()).key("functions/" + hash + ".zip"));

        assertThat(found()).isInstanceOfSatisfying(FunctionCatalog.Found.Unavailable.class,
                found -> assertThat(found.message()).contains("send it again"));
    }

    @Test
    void codeThatIsDamagedInS3IsToBeSentAgain() throws Exception {
        clients.s3().putObject(put -> put.bucket(config.bucket()).key("functions/" + hash + ".zip"),
                RequestBody.fromString("no archive"));

        assertThat(found()).isInstanceOfSatisfying(FunctionCatalog.Found.Unavailable.class,
                found -> assertThat(found.message()).contains("send it again"));
    }
}
