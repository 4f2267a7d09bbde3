package io.plinth.deploy.plan;

import io.plinth.kit.config.StackFile;
import java.util.List;

/** The PostgreSQL servers that deploy runs itself. Stateless. */
final class PostgresPlan {
    private PostgresPlan() {}

    static List<Unit.Postgres> of(StackFile file) {
        return List.of();
    }
}
