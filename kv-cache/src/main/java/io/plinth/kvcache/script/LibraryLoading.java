package io.plinth.kvcache.script;

import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.NodeState;
import java.nio.charset.StandardCharsets;
import java.util.function.LongSupplier;

/** Loads libraries of functions without a client. Owned by the start of a node. */
public final class LibraryLoading implements AutoCloseable {
    private final Scripts scripts;
    private final ScriptHost host;

    public LibraryLoading(NodeState node, CommandTable table, Scripts scripts, LongSupplier nanos) {
        this.scripts = scripts;
        this.host = new ScriptHost(node, table, scripts, nanos);
    }

    /** As FUNCTION LOAD REPLACE does. */
    public void load(byte[] code) {
        Libraries.Library library = Libraries.parse(new String(code, StandardCharsets.ISO_8859_1), name -> {});
        scripts.libraries().add(library.with(host.tryLibrary(library)), true);
    }

    @Override
    public void close() {
        host.end();
    }
}
