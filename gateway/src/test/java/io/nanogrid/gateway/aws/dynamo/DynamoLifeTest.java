package io.nanogrid.gateway.aws.dynamo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Drafts;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What becomes of a build whose gateway doesn't end it: one that others see alive, and one that they don't.
@Timeout(120)
class DynamoLifeTest {

    private static final Duration SILENT = Makers.SILENCE.plusSeconds(1);

    private static LocalCloud cloud;
    private static AwsClients clients;
    private static Table table;

    private final Instant start = Instant.now();
    /// Where other tests have left nothing in the making.
    private final String path = "/" + UUID.randomUUID();
    private final String builder = "builder-" + UUID.randomUUID();

    @BeforeAll
    static void open() throws IOException {
        cloud = LocalCloud.with(Service.DYNAMODB, Service.S3, Service.SQS);
        ClusterConfig config = cloud.config();
        clients = new AwsClients(config);
        new Resources(clients, config).prepare();
        table = new Table(clients.dynamoDb(), config.table());
    }

    @AfterAll
    static void stop() {
        clients.close();
        cloud.close();
    }

    private Clock clock(String gateway, Duration later) {
        return new Clock(() -> start.plus(later), gateway);
    }

    private DynamoCallbacks callbacks(String gateway, Duration later) {
        return new DynamoCallbacks(table, clock(gateway, later));
    }

    private DynamoFunctions functions(String gateway, Duration later) {
        return new DynamoFunctions(table, clock(gateway, later));
    }

    private void giveSign(Duration later) {
        new Makers(table, clock(builder, later)).giveSign();
    }

    @Test
    void aBuildOfAGatewayThatHasFallenSilentIsTakenOver() {
        long id = callbacks(builder, Duration.ZERO).create(Drafts.draft(path)).id();
        giveSign(Duration.ZERO);
        VersionRecord left = callbacks(builder, Duration.ZERO).beginVersion(id);

        VersionRecord next = callbacks("other", SILENT).beginVersion(id);

        assertThat(functions("other", SILENT).version(left.functionId(), left.number()).orElseThrow().state())
                .isEqualTo(VersionState.FAILED);
        assertThat(callbacks("other", SILENT).completeDeployment(id, next.number(), null).status())
                .isEqualTo(CallbackStatus.DEPLOYED);
    }

    @Test
    void aLongBuildOfAGatewayThatLivesIsLeftAlone() {
        Duration late = Duration.ofMinutes(50);
        long id = callbacks(builder, Duration.ZERO).create(Drafts.draft(path)).id();
        VersionRecord version = callbacks(builder, Duration.ZERO).beginVersion(id);
        giveSign(late.minus(Makers.SILENCE));

        assertThatThrownBy(() -> callbacks("other", late).beginVersion(id))
                .isInstanceOf(RefusedException.BuildInProgress.class);
        callbacks("other", late).recoverInterrupted(id);

        assertThat(callbacks(builder, late).completeDeployment(id, version.number(), null).status())
                .isEqualTo(CallbackStatus.DEPLOYED);
    }

    @Test
    void aBuildThatHasJustBegunIsLeftAloneBeforeAnySign() {
        long id = callbacks(builder, Duration.ZERO).create(Drafts.draft(path)).id();
        callbacks(builder, Duration.ZERO).beginVersion(id);

        assertThatThrownBy(() -> callbacks("other", Makers.SILENCE).beginVersion(id))
                .isInstanceOf(RefusedException.BuildInProgress.class);
    }

    @Test
    void whatASilentGatewayWasMakingIsEndedAtTheStartOfAnother() {
        FunctionRecord function = functions(builder, Duration.ZERO)
                .create(new FunctionDraft("f", null, Drafts.definition("hash", Map.of())));

        functions("other", SILENT).recoverInterrupted();

        assertThat(functions("other", SILENT).find(function.id())).isEmpty();
    }

    @Test
    void aGatewayNeverTakesItselfForDead() {
        long id = callbacks(builder, Duration.ZERO).create(Drafts.draft(path)).id();
        callbacks(builder, Duration.ZERO).beginVersion(id);

        assertThatThrownBy(() -> callbacks(builder, SILENT).beginVersion(id))
                .isInstanceOf(RefusedException.BuildInProgress.class);
    }

    @Test
    void signsAreGivenAgainAndAgainUntilTheEnd() {
        Key key = Key.signOfLife(builder);
        Clock running = new Clock(Instant::now, builder);
        Instant last;
        try (SignsOfLife _ = new SignsOfLife(new Makers(table, running), Duration.ofMillis(10))) {
            Item first = Awaitility.await().until(() -> table.get(key), sign -> sign != null);
            last = Awaitility.await().until(() -> at(key), sign -> sign.isAfter(first.time("at")));
        }

        Instant end = at(key);
        assertThat(end).isAfterOrEqualTo(last).isBefore(Instant.now());
    }

    private static Instant at(Key key) {
        Item sign = table.get(key);
        return sign == null ? Instant.EPOCH : sign.time("at");
    }
}
