package io.plinth.kvcache.replica;

import io.plinth.kvcache.command.Settings;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How the Redis that is followed is reached, looked at anew with each connection.
 *
 * @param settings say as whom
 * @param tls null for a plain connection
 * @param file what the files of {@code tls} are relative to
 */
record Access(Settings settings, @Nullable PrimaryTls tls, Path file) {
    /** The connection to use in place of one that was made. */
    Socket over(Socket connected, String host, int port) throws IOException {
        return tls == null ? connected : tls.over(connected, file.toAbsolutePath(), host, port);
    }

    /** AUTH and its arguments; nothing where no password is known. */
    String[] login() {
        String password = settings.primaryPassword();
        String user = settings.primaryUser();
        if (password.isEmpty()) {
            return new String[0];
        }
        return user.isEmpty() ? new String[] {"AUTH", password} : new String[] {"AUTH", user, password};
    }
}
