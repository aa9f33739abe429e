package io.nanogrid.db;

import static io.nanogrid.db.Drafts.draft;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

public abstract class FunctionRepositoryContract extends Contract {

    @Test
    void theFunctionOfACallbackIsFound() {
        CallbackRecord callback = database.callbacks().create(draft("hello"));

        assertThat(database.functions().find(callback.function().id())).contains(callback.function());
    }

    @Test
    void versionsComeNewestFirst() {
        CallbackRecord callback = deployed("hello");
        deploy(callback.id());

        assertThat(database.functions().versions(callback.function().id())).extracting(VersionRecord::number)
                .containsExactly(2, 1);
    }

    @Test
    void functionsCountTheirVersionsApart() {
        deployed("hello");

        assertThat(deployed("world").live()).extracting(Deployment::version).isEqualTo(1);
    }

    @Test
    void aVersionThatDoesNotExistIsNotFound() {
        CallbackRecord callback = deployed("hello");

        assertThat(database.functions().version(callback.function().id(), 2)).isEmpty();
        assertThat(database.functions().find("nobody")).isEmpty();
    }
}
