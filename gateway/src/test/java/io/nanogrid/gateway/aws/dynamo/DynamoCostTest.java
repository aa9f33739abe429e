package io.nanogrid.gateway.aws.dynamo;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.Page;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What one question may have DynamoDB read, however much there is.
@Timeout(120)
class DynamoCostTest {

    private static final int PAGE = 200;

    private static LocalCloud cloud;
    private static AwsClients clients;
    private static ClusterConfig config;

    @BeforeAll
    static void start() throws IOException {
        cloud = LocalCloud.with(Service.DYNAMODB, Service.S3, Service.SQS);
        config = cloud.config();
        clients = new AwsClients(config);
        new Resources(clients, config).prepare();
    }

    @AfterAll
    static void stop() {
        clients.close();
        cloud.close();
    }

    private static Clock clock() {
        return new Clock(InstantSource.system(), "gateway-1");
    }

    @Test
    void jobsAreCountedUpToABound() {
        Table table = new Table(clients.dynamoDb(), config.table());
        Payloads payloads = new Payloads(new S3Blobs(clients.s3(), config.bucket()));
        JobItems items = new JobItems(payloads);
        Instant now = Instant.now();
        table.putAll(IntStream.range(0, (int) DynamoJobs.MOST_COUNTED + 50).mapToObj(number -> {
            JobDraft draft = new JobDraft("job-" + number, "f", null, "r" + number, new byte[0], false, null, null);
            return items.of(new JobRecord(draft, JobState.PENDING, 0, now, null, null, null, null),
                    JobItems.place(now, draft.id()));
        }).toList());

        assertThat(new DynamoJobs(table, clock(), payloads).counts())
                .containsEntry(JobState.PENDING, DynamoJobs.MOST_COUNTED).containsEntry(JobState.DONE, 0L);
    }

    @Test
    void aSearchForWhatIsRareStopsAndGoesOnFromThere() {
        DynamoExecutions executions = new DynamoExecutions(new Table(clients.dynamoDb(), config.logsTable()), clock(),
                Duration.ofDays(1));
        Instant start = Instant.now().minus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.MICROS);
        int calls = DynamoExecutions.MOST_PAGES * PAGE + 10;
        List<ExecutionRecord> records = new ArrayList<>();
        records.add(call("rare", ExecutionStatus.TIMEOUT, start));
        for (int i = 1; i <= calls; i++) {
            records.add(call("r" + i, ExecutionStatus.SUCCESS, start.plusSeconds(i)));
        }
        executions.insert(records);
        ExecutionFilter rare = new ExecutionFilter(Set.of(ExecutionStatus.TIMEOUT), null, null);

        Page<ExecutionRecord> first = executions.list("searched", rare, 10, null);
        Page<ExecutionRecord> second = executions.list("searched", rare, 10, first.nextCursor());

        assertThat(first.items()).isEmpty();
        assertThat(first.nextCursor()).isNotNull();
        assertThat(second.items()).extracting(ExecutionRecord::requestId).containsExactly("rare");
        assertThat(second.nextCursor()).isNull();
    }

    private static ExecutionRecord call(String id, ExecutionStatus status, Instant startedAt) {
        return new ExecutionRecord(id, "searched", 1, status, startedAt, Duration.ZERO, Duration.ZERO,
                Duration.ofMillis(1), false, null, null, null, "", "", false);
    }
}
