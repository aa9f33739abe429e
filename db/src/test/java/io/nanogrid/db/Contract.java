package io.nanogrid.db;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.support.TypeBasedParameterResolver;
import org.junit.jupiter.api.io.TempDir;

/// What every implementation of {@link Database} must do. An implementation extends each contract in a class that registers {@link #of} it.
public abstract class Contract {
    private Path directory;
    private Storage storage;
    protected Database database;

    /// @param open opens a database that is found again by its directory
    /// @param patience how long it may take until a job that is there can be claimed
    private record Storage(Function<Path, Database> open, Duration patience) {
    }

    /// The extension by which contracts open their databases.
    public static ParameterResolver of(Function<Path, Database> open, Duration patience) {
        return new TypeBasedParameterResolver<Storage>() {
            @Override
            public Storage resolveParameter(ParameterContext parameter, ExtensionContext context) {
                return new Storage(open, patience);
            }
        };
    }

    @BeforeEach
    void openFresh(@TempDir Path fresh, Storage given) {
        directory = fresh;
        storage = given;
        database = storage.open().apply(directory);
    }

    @AfterEach
    void close() {
        database.close();
    }

    protected void reopen() {
        database.close();
        database = storage.open().apply(directory);
    }

    protected Duration patience() {
        return storage.patience();
    }

    protected CallbackRecord deployed(String path) {
        return deploy(database.callbacks().create(Drafts.draft(path)).id());
    }

    protected CallbackRecord deploy(long id) {
        VersionRecord version = database.callbacks().beginVersion(id);
        return database.callbacks().completeDeployment(id, version.number(), null);
    }
}
