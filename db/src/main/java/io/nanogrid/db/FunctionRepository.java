package io.nanogrid.db;

import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/// Functions and their versions, those that belong to callbacks too. Each method is one transaction: it happens as a whole or not at all.
///
/// Safe for any number of threads. Methods that change a function throw {@link RefusedException.UnknownFunction} where there is no such function,
/// and {@link RefusedException.OwnedByCallback} where it belongs to a callback, which alone may change it. All of them throw
/// {@link StorageException} when the storage fails.
public interface FunctionRepository {

    /// Stores a function that has no version yet.
    FunctionRecord create(FunctionDraft draft);

    Optional<FunctionRecord> find(String id);

    /// The newest function of that name that has a version to run; where none has, the newest.
    Optional<FunctionRecord> findByName(String name);

    /// Newest first. What is created between two pages neither repeats nor hides anything.
    ///
    /// @param limit at least 1
    /// @throws IllegalArgumentException where the cursor isn't one of this list
    Page<FunctionRecord> list(int limit, @Nullable String cursor);

    /// Makes the next version. Nothing else of the function changes. To be ended by {@link #completeVersion} or {@link #failVersion}.
    ///
    /// @throws RefusedException.FunctionBuildInProgress while another version of it is `BUILDING`
    VersionRecord beginVersion(String id, Definition definition);

    /// Makes a `BUILDING` version `READY` and current, and its definition the draft. The name and the description count from here on too: one that
    /// has no such version never has them.
    ///
    /// @throws IllegalStateException where the version isn't `BUILDING`
    FunctionRecord completeVersion(String id, int number, String name, @Nullable String description,
            @Nullable String dependencyKey);

    /// Makes a `BUILDING` version `FAILED`. Nothing else of the function changes.
    ///
    /// @throws IllegalStateException where the version isn't `BUILDING`
    /// @throws RefusedException.FunctionBuildInProgress where another gateway is building it
    FunctionRecord failVersion(String id, int number);

    /// Deletes the function and its versions. Its executions and jobs stay until they are too old.
    ///
    /// @throws RefusedException.FunctionBuildInProgress while a version of it is `BUILDING`
    FunctionRecord delete(String id);

    /// Deletes the function's versions but the newest `keep`, the current one, and one that is `BUILDING`.
    ///
    /// @return those, of which there is no more than this
    List<VersionRecord> pruneVersions(String id, int keep);

    /// Ends what a gateway that died left in the making: as by {@link #failVersion}, and a function that never had a version that was `READY` is
    /// deleted. Functions of callbacks are left alone. To be called before the first build of a process, by it alone.
    ///
    /// @return how many functions it changed or deleted
    int recoverInterrupted();

    /// The same for one function, for whoever knows that nobody in this process is building it, but that it stays even if it never had a version
    /// that was `READY`. What another gateway is building goes on.
    ///
    /// @return whether there was a version to fail; false for functions of callbacks and those that aren't there
    boolean failInterrupted(String id);

    /// All versions of a function, newest first; empty where there is no such function.
    List<VersionRecord> versions(String functionId);

    Optional<VersionRecord> version(String functionId, int number);
}
