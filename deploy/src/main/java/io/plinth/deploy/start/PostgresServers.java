package io.plinth.deploy.start;

import io.plinth.deploy.plan.Unit;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresFolders;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The servers of a plan as {@code deploy/postgres} knows them. Guarded by itself: the programs are unpacked once. */
final class PostgresServers {
    private final Path state;
    private @Nullable Path folder;
    private @Nullable PostgresBinaries binaries;

    PostgresServers(Path state) {
        this.state = state;
    }

    /** Where programs and data lie. */
    synchronized Path folder() throws IOException {
        Path known = folder;
        if (known == null) {
            known = PostgresFolders.below(state);
            folder = known;
        }
        return known;
    }

    void prepare(Unit.Postgres unit) throws IOException {
        server(unit).prepare();
    }

    List<String> command(Unit.Postgres unit) throws IOException {
        PostgresServer server = server(unit);
        server.prepare();
        List<String> command = new ArrayList<>(server.command());
        // Shown to whoever asks a server which one it is.
        command.addAll(List.of("-c", "cluster_name=" + unit.name()));
        return command;
    }

    private PostgresServer server(Unit.Postgres unit) throws IOException {
        Path data = folder().resolve(unit.name());
        PostgresSettings settings = new PostgresSettings(
                unit.at().port(),
                unit.sharedBuffers(),
                unit.connections(),
                PostgresSettings.Access.TRUST,
                unit.databases(),
                "");
        Unit.Postgres primary = unit.primary();
        return primary == null
                ? PostgresServer.primary(binaries(), data, settings)
                : PostgresServer.replica(binaries(), data, settings, server(primary));
    }

    private synchronized PostgresBinaries binaries() throws IOException {
        PostgresBinaries known = binaries;
        if (known == null) {
            known = PostgresBinaries.unpack(folder());
            binaries = known;
        }
        return known;
    }
}
