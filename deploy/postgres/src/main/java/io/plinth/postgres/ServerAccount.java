package io.plinth.postgres;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The account servers run under: our own, or, as PostgreSQL refuses root, an existing unprivileged one.
 *
 * @param name null for our own account
 */
record ServerAccount(@Nullable String name) {
    private static final List<String> CANDIDATES = List.of("postgres", "nobody");
    private static final List<String> FOLDERS = List.of("/usr/bin", "/bin", "/usr/sbin", "/sbin");

    static ServerAccount choose() throws IOException {
        if (!isRoot()) {
            return new ServerAccount(null);
        }
        for (String candidate : CANDIDATES) {
            if (lookup(Path.of("/"), candidate) != null) {
                return new ServerAccount(candidate);
            }
        }
        throw new PostgresException("PostgreSQL does not run as root, and neither account postgres nor nobody exists;"
                + " run as another user, or create one: useradd --system postgres");
    }

    static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** The command as this account; the program replaces the wrapper, so the process id is the program's. */
    List<String> command(List<String> program) throws PostgresException {
        if (name == null) {
            return program;
        }
        List<String> command = new ArrayList<>();
        String setpriv = find("setpriv");
        String runuser = find("runuser");
        if (setpriv != null) {
            command.addAll(List.of(setpriv, "--reuid=" + name, "--regid=" + name, "--clear-groups", "--"));
            if (name.equals("nobody")) {
                command.set(2, "--regid=65534");
            }
        } else if (runuser != null) {
            command.addAll(List.of(runuser, "-u", name, "--"));
        } else {
            throw new PostgresException("PostgreSQL does not run as root, and there is neither setpriv nor runuser to"
                    + " change the account; install util-linux or run as another user");
        }
        command.addAll(program);
        return command;
    }

    /** Gives the folder and everything in it to the account. */
    void own(Path folder) throws IOException {
        if (name == null) {
            return;
        }
        UserPrincipal owner = lookup(folder, name);
        if (owner == null) {
            throw new PostgresException("account: " + name + " (expected: an existing one)");
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.setAttribute(file, "posix:owner", owner, LinkOption.NOFOLLOW_LINKS);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) throws IOException {
                Files.setOwner(dir, owner);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** The first folder on the way to {@code path} that the account cannot pass through, or null. */
    @Nullable
    Path barrier(Path path) throws IOException {
        if (name == null) {
            return null;
        }
        UserPrincipal account = lookup(path, name);
        for (Path folder = path.toAbsolutePath().normalize(); folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder)) {
                PosixFileAttributes attributes = Files.readAttributes(folder, PosixFileAttributes.class);
                Set<PosixFilePermission> permissions = attributes.permissions();
                boolean open = attributes.owner().equals(account)
                        ? permissions.contains(PosixFilePermission.OWNER_EXECUTE)
                        : permissions.contains(PosixFilePermission.OTHERS_EXECUTE);
                if (!open) {
                    return folder;
                }
            }
        }
        return null;
    }

    private static @Nullable UserPrincipal lookup(Path path, String name) throws IOException {
        try {
            return path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name);
        } catch (UserPrincipalNotFoundException e) {
            return null;
        }
    }

    private static @Nullable String find(String program) {
        for (String folder : FOLDERS) {
            Path path = Path.of(folder, program);
            if (Files.isExecutable(path)) {
                return path.toString();
            }
        }
        return null;
    }
}
