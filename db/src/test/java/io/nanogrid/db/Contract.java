package io.nanogrid.db;

import java.nio.file.Path;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// What every implementation of {@link Database} must do. An implementation extends each contract and says how it is opened.
public abstract class Contract {
    private Path directory;
    protected Database database;

    protected abstract Database open(Path directory);

    @BeforeEach
    void openFresh(@TempDir Path fresh) {
        directory = fresh;
        database = open(fresh);
    }

    @AfterEach
    void close() {
        database.close();
    }

    protected void reopen() {
        database.close();
        database = open(directory);
    }

    protected CallbackRecord deployed(String path) {
        return deploy(database.callbacks().create(Drafts.draft(path)).id());
    }

    protected CallbackRecord deploy(long id) {
        VersionRecord version = database.callbacks().beginVersion(id);
        return database.callbacks().completeDeployment(id, version.number(), null);
    }
}
