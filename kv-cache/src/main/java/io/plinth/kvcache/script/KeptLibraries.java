package io.plinth.kvcache.script;

import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.persist.Functions;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongSupplier;

/** The libraries of functions as they are kept over a restart, or come from elsewhere; from any thread. */
public final class KeptLibraries implements Functions {
    private final NodeState node;
    private final CommandTable table;
    private final Scripts scripts;
    private final LongSupplier nanos;

    public KeptLibraries(NodeState node, CommandTable table, Scripts scripts, LongSupplier nanos) {
        this.node = node;
        this.table = table;
        this.scripts = scripts;
        this.nanos = nanos;
    }

    @Override
    public List<byte[]> all() {
        return scripts.libraryCodes();
    }

    @Override
    public void load(byte[] code) {
        try (LibraryLoading loading = new LibraryLoading(node, table, scripts, nanos)) {
            loading.load(code);
        }
    }

    @Override
    public void keep(byte[] code) {
        scripts.libraries().keep(new String(code, StandardCharsets.ISO_8859_1));
    }
}
