package io.nanogrid.gateway;

import io.nanogrid.db.Database;
import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobState;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.BlobResultBus;
import io.nanogrid.gateway.aws.Blobs;
import io.nanogrid.gateway.aws.CloudWatchSignals;
import io.nanogrid.gateway.aws.JobLedger;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.aws.ServiceClock;
import io.nanogrid.gateway.aws.dynamo.DynamoDatabase;
import io.nanogrid.gateway.aws.s3.Bucket;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.aws.s3.S3CodeStore;
import io.nanogrid.gateway.aws.s3.S3ForeignCode;
import io.nanogrid.gateway.aws.s3.S3OutputStore;
import io.nanogrid.gateway.aws.sqs.Depth;
import io.nanogrid.gateway.aws.sqs.FunctionDetails;
import io.nanogrid.gateway.aws.sqs.SqsAddress;
import io.nanogrid.gateway.aws.sqs.SqsCallSource;
import io.nanogrid.gateway.aws.sqs.SqsCalls;
import io.nanogrid.gateway.aws.sqs.SqsQueue;
import io.nanogrid.gateway.code.CodeCache;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.config.ClusterConfig.Dispatch;
import io.nanogrid.gateway.config.ClusterConfig.Role;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.config.ConfigException;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.Announcer;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.Follower;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.LiveFunctions;
import io.nanogrid.gateway.deploy.Strangers.Stranger;
import io.nanogrid.gateway.deploy.Strangers;
import io.nanogrid.gateway.dispatch.ChoosingDispatcher;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.dispatch.QueueDispatcher;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.http.Check;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.jobs.UnlistedFunctions;
import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Kept;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.metrics.Scaling;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.redis.Presence;
import io.nanogrid.gateway.redis.Redis;
import io.nanogrid.gateway.redis.RedisAddress;
import io.nanogrid.gateway.redis.RedisAnnouncer;
import io.nanogrid.gateway.redis.RedisRateLimitStore;
import io.nanogrid.gateway.redis.RedisResultBus;
import io.nanogrid.gateway.redis.Workers;
import io.nanogrid.gateway.worker.AnnouncingQueue;
import io.nanogrid.gateway.worker.CallRunner;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// State that many gateways and workers share: DynamoDB, S3, SQS and Redis. What is kept in `DATA_DIR` besides is a cache.
final class ClusterBacking implements Backing {

    /// How soon a worker sees what it wasn't told: it asks for nothing else while it is idle.
    private static final Duration BEAT_OF_WORKERS = Duration.ofMinutes(1);
    /// Jobs that may come at once; more would only lie here while others could run them.
    private static final int JOBS_AT_ONCE = 10;
    /// Each reading asks DynamoDB for a page of each state, at least.
    private static final Duration COUNTS_KEPT = Duration.ofSeconds(15);
    /// Of the code that is kept on this machine.
    private static final int MOST_CODE = 10_000;
    private static final long MOST_CODE_BYTES = 2L << 30;
    private static final Duration BEFORE_ANOTHER_TRY = Duration.ofSeconds(5);

    /// Of the heap: for files of calls that a gateway waits for.
    private static final int PART_FOR_FILES = 4;

    private final ClusterConfig cluster;
    private final Closing closing;
    private final String processId;
    private final AwsClients clients;
    private final Redis redis;
    private final DynamoDatabase database;
    private final CodeStore code;
    private final OutputStore outputs;
    private final RedisAnnouncer announcer;
    private final Depth jobDepth;
    private final Depth callDepth;
    private final SqsAddress callsQueue;
    private final Blobs blobs;
    private final ServiceClock clock;
    private final Duration deadAfter;
    private final Duration beat;
    private final ResultBus results;
    private final LiveFunctions functions;
    /// Set while this is made.
    private @Nullable SqsQueue jobQueue;

    /// @param functions that this process knows
    ClusterBacking(ClusterConfig cluster, GatewayConfig config, DataDirectory data, Wiring.Given given,
            LiveFunctions functions, Closing closing) throws IOException, ConfigException {
        this.cluster = cluster;
        this.closing = closing;
        this.functions = functions;
        this.processId = data.gatewayId();
        this.clock = new ServiceClock(given.clock());
        this.deadAfter = given.deadAfter();
        this.beat = given.beat();
        clients = closing.add(new AwsClients(cluster, clock));
        List<String> missing = new Resources(clients, cluster).prepare();
        if (!missing.isEmpty()) {
            throw new ConfigException(missing);
        }
        redis = closing.add(new Redis(RedisAddress.of(cluster)));
        SqsAddress queue = SqsAddress.of(clients.sqs(), cluster.queueName());
        jobDepth = new Depth(clients.sqs(), queue.queue());
        callsQueue = SqsAddress.of(clients.sqs(), cluster.callsQueueName());
        callDepth = new Depth(clients.sqs(), callsQueue.queue());
        blobs = new S3Blobs(clients.s3(), cluster.bucket());
        database = closing.add(new DynamoDatabase(clients.dynamoDb(), cluster.table(), cluster.logsTable(),
                config.logRetention(), blobs, processId, clock,
                ledger -> jobQueue(ledger, queue)));
        if (cluster.role() == Role.GATEWAY) {
            closing.add(database.showLife());
        }
        Bucket bucket = new Bucket(clients.s3(), cluster.bucket());
        code = new S3CodeStore(bucket,
                new CodeCache(new DirectoryCodeStore(data.code(), clock), MOST_CODE, MOST_CODE_BYTES),
                clock);
        outputs = new S3OutputStore(bucket, data.outputs(), config.outputsMaxBytes(), RESULTS_KEPT, clock);
        announcer = new RedisAnnouncer(redis, processId);
        results = new BlobResultBus(closing.add(new RedisResultBus(redis, processId)), blobs);
        String namespace = cluster.cloudWatchNamespace();
        if (namespace != null && cluster.role() == Role.GATEWAY) {
            closing.add(new CloudWatchSignals(clients.cloudWatch(), namespace, this::scaling));
        }
    }

    private SqsQueue jobQueue(JobLedger ledger, SqsAddress queue) {
        SqsQueue made = new SqsQueue(clients, queue, ledger, this::details, JOBS_AT_ONCE, BEFORE_ANOTHER_TRY,
                deadAfter.multipliedBy(2));
        jobQueue = made;
        return made;
    }

    /// For messages: of functions that this process knows without asking anyone.
    private @Nullable FunctionDetails details(String functionId, @Nullable Integer version) {
        FunctionVersion known = functions.version(functionId, version);
        if (known != null) {
            return FunctionDetails.of(known);
        }
        Optional<Definition> stored = version == null
                ? database.functions().find(functionId).map(FunctionRecord::running)
                : database.functions().version(functionId, version).map(VersionRecord::definition);
        return stored.map(found -> new FunctionDetails(found.runtime(), code.place(found.codeHash()), found.timeout(),
                found.memoryMb())).orElse(null);
    }

    @Override
    public InstantSource clock() {
        return clock;
    }

    @Override
    public Database database() {
        return database;
    }

    @Override
    public CodeStore code() {
        return code;
    }

    @Override
    public OutputStore outputs() {
        return outputs;
    }

    @Override
    public RateLimitStore limits() {
        return new RedisRateLimitStore(redis, cluster.limitlessWithoutRedis());
    }

    @Override
    public Announcer announcer() {
        return announcer;
    }

    @Override
    public Dispatcher dispatcher(LocalDispatcher here) {
        Dispatcher workers = new QueueDispatcher(new SqsCalls(clients, callsQueue, blobs), results, processId, clock,
                deadAfter.multipliedBy(2));
        return switch (cluster.dispatch()) {
            case LOCAL -> here;
            case QUEUE -> workers;
            case AUTO -> new ChoosingDispatcher(here, workers);
        };
    }

    @Override
    public InvocationQueue jobs() {
        AnnouncingQueue announcing = new AnnouncingQueue(database.queue(), results);
        Objects.requireNonNull(jobQueue).listen(announcing::buried);
        return announcing;
    }

    @Override
    public Supplier<Map<JobState, Long>> jobCounts() {
        return new Kept<>(COUNTS_KEPT, database.jobs()::counts);
    }

    @Override
    public UnlistedFunctions unlisted(FunctionDefinitionReader reader, Builds builds, InstancePool pool) {
        Strangers strangers = new Strangers(
                new S3ForeignCode(new Bucket(clients.s3(), cluster.bucket())), reader, builds, pool);
        SqsQueue queue = Objects.requireNonNull(jobQueue);
        return jobId -> {
            Stranger stranger = queue.stranger(jobId);
            return stranger == null ? null : strangers.find(stranger);
        };
    }

    @Override
    public ExecutionLog.WhenBehind whenBehind() {
        return ExecutionLog.WhenBehind.RECORDS_ARE_LOST;
    }

    @Override
    public boolean callsRunHere() {
        return cluster.dispatch() != Dispatch.QUEUE;
    }

    @Override
    public List<Check> checks() {
        return List.of(new Check("database", "the table can't be read", database::healthy),
                new Check("redis", "Redis doesn't answer", redis::healthy),
                new Check("queue", "the queue can't be asked", () -> waiting() >= 0));
    }

    private long waiting() {
        return jobDepth.visible() + callDepth.visible();
    }

    /// What says how many workers are needed; nothing while Redis doesn't say how many there are.
    private Optional<Scaling> scaling() {
        return new Workers(redis).live()
                .map(live -> new Scaling(waiting(), live.workers(), live.capacity()));
    }

    @Override
    public void measure(Metrics metrics) {
        Gauges.measure(metrics, this::scaling);
    }

    @Override
    public void follow(@Nullable Deployer callbacks, FunctionDeployer functions, ApiKeys keys) {
        Follower follower = closing.add(new Follower(callbacks, functions, keys::reload, database::changes,
                callbacks == null ? BEAT_OF_WORKERS : beat));
        follower.start();
        closing.add(announcer.listen(follower));
    }

    /// Runs the calls that gateways send to workers, once it is started.
    ///
    /// @param most calls that are here at once
    CallRunner callRunner(FunctionCatalog functions, LocalDispatcher here, int most, Duration drain) {
        return closing.add(
                new CallRunner(new SqsCallSource(clients, callsQueue, blobs, deadAfter), results, functions, here, most,
                        Runtime.getRuntime().maxMemory() / PART_FOR_FILES, drain));
    }

    /// Says that this process takes calls and jobs, until it is closed.
    ///
    /// @param capacity how many it can run at once
    void beOnTheListOfWorkers(IntSupplier capacity) {
        closing.add(new Presence(redis, processId, capacity));
    }
}
