package io.nanogrid.gateway.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Database;
import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.BlobResultBus;
import io.nanogrid.gateway.aws.Blobs;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.aws.dynamo.DynamoDatabase;
import io.nanogrid.gateway.aws.s3.Bucket;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.aws.s3.S3CodeStore;
import io.nanogrid.gateway.aws.sqs.SqsAddress;
import io.nanogrid.gateway.aws.sqs.SqsCallSource;
import io.nanogrid.gateway.aws.sqs.SqsCalls;
import io.nanogrid.gateway.aws.sqs.SqsQueue;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.FunctionOutcome;
import io.nanogrid.gateway.deploy.LiveFunctions;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.dispatch.CallSource;
import io.nanogrid.gateway.dispatch.ChoosingDispatcher;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.dispatch.QueueDispatcher;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.gateway.engine.sandbox.SandboxConfig;
import io.nanogrid.gateway.engine.sandbox.SandboxEngine;
import io.nanogrid.gateway.plugins.PluginLoader;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstanceFactory;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.redis.Redis;
import io.nanogrid.gateway.redis.RedisAddress;
import io.nanogrid.gateway.redis.RedisResultBus;
import io.nanogrid.gateway.wire.OutputPump;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;

/// A cloud and machines on it, each with a real engine, and with ways of its own to the queue and to Redis that can be spoilt.
final class Machines implements AutoCloseable {

    static final Duration DRAIN = Duration.ofSeconds(20);

    final LocalCloud cloud = LocalCloud.with(Service.S3, Service.DYNAMODB, Service.SQS, Service.REDIS);
    final ClusterConfig config = cloud.config();
    final AwsClients clients = new AwsClients(config);
    final SqsAddress calls;
    final SqsAddress jobs;
    private final Path work;
    private final Runtimes runtimes;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Machine home;

    Machines() throws Exception {
        new Resources(clients, config).prepare();
        calls = SqsAddress.of(clients.sqs(), config.callsQueueName());
        jobs = SqsAddress.of(clients.sqs(), config.queueName());
        // As a directory that the uids of instances can pass through.
        work = Files.setPosixFilePermissions(Files.createTempDirectory("ng"),
                PosixFilePermissions.fromString("rwx--x--x"));
        runtimes = closing(new PluginLoader(List.of(Path.of("target", "plugins")), "0.1.0")).load();
        home = machine();
    }

    private <T extends AutoCloseable> T closing(T part) {
        parts.push(part);
        return part;
    }

    /// A machine with memory for 16 small functions.
    Machine machine() throws Exception {
        return machine(16);
    }

    Machine machine(int instances) throws Exception {
        return closing(new Machine(instances));
    }

    /// Deploys a function of Python.
    FunctionVersion function(String source, Duration timeout) throws Exception {
        return function(source, timeout, null);
    }

    FunctionVersion function(String source, Duration timeout, @Nullable Integer concurrency) throws Exception {
        CodeBundle code = CodeBundle.ofText("main.py", source);
        home.store.put(code);
        Definition definition = new Definition("python", null, code.hash(), null, Map.of(), 128, timeout, concurrency,
                false, PayloadFormat.SIMPLE, false);
        FunctionOutcome made = home.deployer.create(new FunctionDraft("f", null, definition));
        assertThat(made).isInstanceOf(FunctionOutcome.Current.class);
        return home.find(((FunctionOutcome.Current) made).function().id());
    }

    /// Takes the messages that lie in a queue, or waits for some.
    List<Message> receive(String queue) {
        return clients.sqsPolls().receiveMessage(receive -> receive.queueUrl(queue).maxNumberOfMessages(10)
                .waitTimeSeconds(20).visibilityTimeout(0).messageAttributeNames("All")).messages();
    }

    Message deadLetter() {
        List<Message> messages = receive(Objects.requireNonNull(calls.deadLetters()));
        assertThat(messages).hasSize(1);
        return messages.getFirst();
    }

    /// What a gateway or a worker is made of.
    final class Machine implements AutoCloseable {
        final String id = "m-" + UUID.randomUUID().toString().substring(0, 8);
        final FaultProxy toSqs = FaultProxy.to(cloud.server(Service.SQS));
        final FaultProxy toRedis = FaultProxy.to(cloud.server(Service.REDIS));
        final AwsClients own;
        final Database database;
        final CodeStore store;
        final InstancePool pool;
        final FunctionCatalog catalog;
        final FunctionDeployer deployer;
        final LocalDispatcher local;
        final ResultBus bus;
        final AtomicInteger ran = new AtomicInteger();
        private final Blobs blobs;
        private final Deque<AutoCloseable> ours = new ArrayDeque<>();

        private Machine(int instances) throws Exception {
            ClusterConfig spoilt = cloud.config("AWS_ENDPOINT_URL_SQS", toSqs.uri().toString(), "REDIS_PORT",
                    String.valueOf(toRedis.port()));
            own = ours(new AwsClients(spoilt));
            blobs = new S3Blobs(clients.s3(), config.bucket());
            Path directory = Files.createTempDirectory(work, "m", PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rwx--x--x")));
            store = new S3CodeStore(new Bucket(clients.s3(), config.bucket()),
                    new DirectoryCodeStore(directory.resolve("code"), InstantSource.system()), InstantSource.system());
            database = ours(new DynamoDatabase(clients.dynamoDb(), config.table(), config.logsTable(),
                    Duration.ofDays(1), blobs, id, InstantSource.system(),
                    ledger -> new SqsQueue(own, jobs, ledger, 10, Duration.ofSeconds(1))));
            PoolConfig usual = PoolConfig.withBudget(instances * 128, 6 << 20);
            Engine engine = ours(new SandboxEngine(
                    SandboxConfig.defaults(id, directory.resolve("deps"), directory.resolve("run"))));
            RequiredEngines.check(engine);
            Path sockets = Files.createDirectory(directory.resolve("i"), PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rwx--x--x")));
            pool = ours(new InstancePool(ours(new InstanceFactory(engine, usual, sockets, ours(new OutputPump()))),
                    usual));
            LiveRoutes routes = new LiveRoutes();
            LiveFunctions live = new LiveFunctions();
            Builds builds = new Builds(database.callbacks(), store, runtimes, engine, pool, routes, live);
            catalog = new FunctionCatalog(database.functions(), builds, pool, live, _ -> {
            });
            deployer = new FunctionDeployer(database.functions(), builds, pool, live, _ -> {
            });
            local = new LocalDispatcher(pool, InstantSource.system(), 6 << 20, 10_000);
            Redis redis = ours(new Redis(RedisAddress.of(spoilt)));
            bus = new BlobResultBus(ours(new RedisResultBus(redis, id)), blobs);
        }

        private <T extends AutoCloseable> T ours(T part) {
            ours.push(part);
            return part;
        }

        FunctionVersion find(String function) throws InterruptedException {
            FunctionCatalog.Found found = catalog.find(function, null);
            assertThat(found).isInstanceOf(FunctionCatalog.Found.Ready.class);
            return ((FunctionCatalog.Found.Ready) found).version();
        }

        QueueDispatcher queue(Duration allowance) {
            return new QueueDispatcher(new SqsCalls(own, calls, blobs), bus, id, InstantSource.system(), allowance);
        }

        QueueDispatcher queue() {
            return queue(QueueDispatcher.ALLOWANCE);
        }

        ChoosingDispatcher auto() {
            return new ChoosingDispatcher(local, queue());
        }

        /// Makes it a worker.
        CallRunner work() {
            return work(16, local, DRAIN);
        }

        CallRunner work(int most, Dispatcher dispatcher, Duration drain) {
            return work(new SqsCallSource(own, calls, blobs), most, dispatcher, drain);
        }

        /// Makes it a worker whose calls come to others so long after its death.
        CallRunner work(Duration deadAfter) {
            return work(new SqsCallSource(own, calls, blobs, deadAfter), 16, local, DRAIN);
        }

        private CallRunner work(CallSource source, int most, Dispatcher dispatcher, Duration drain) {
            CallRunner runner = ours(new CallRunner(source, bus, catalog, call -> {
                ran.incrementAndGet();
                return dispatcher.dispatch(call);
            }, most, 8 << 20, drain));
            runner.start();
            return runner;
        }

        /// To others it is as dead from now on.
        void cutOff() {
            toSqs.cut();
            toRedis.cut();
        }

        void heal() {
            toSqs.heal();
            toRedis.heal();
        }

        @Override
        public void close() throws Exception {
            while (!ours.isEmpty()) {
                ours.pop().close();
            }
            toSqs.close();
            toRedis.close();
        }
    }

    @Override
    public void close() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
        clients.close();
        cloud.close();
        try (Stream<Path> all = Files.walk(work)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new AssertionError("something is left in " + work, e);
        }
    }
}
