package io.plinth.kvcache.pattern;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Used by one thread for one command or transaction: what its writes may need of quotas, at most. */
public final class Needs {
    private final List<Need> needs = new ArrayList<>(1);
    private long bytes;
    private int command;

    private static final class Need {
        private final PatternRule rule;
        private long bytes;
        private long keys;
        private int command;

        private Need(PatternRule rule) {
            this.rule = rule;
        }
    }

    /** The keys from now on are those of another command, of so many bytes. */
    public void next(long total) {
        bytes = total;
        command++;
    }

    /** The command writes a key of this rule. */
    public void key(PatternRule rule) {
        Need need = of(rule);
        need.keys++;
        if (need.command != command) {
            need.command = command;
            need.bytes += bytes;
        }
    }

    private Need of(PatternRule rule) {
        for (Need need : needs) {
            if (need.rule.equals(rule)) {
                return need;
            }
        }
        Need made = new Need(rule);
        needs.add(made);
        return made;
    }

    /** Makes room; the rule within whose quota there is none, or null. */
    public @Nullable PatternRule unmet(Quotas quotas) {
        for (Need need : needs) {
            if (!quotas.makeRoom(need.rule, need.bytes, need.keys)) {
                return need.rule;
            }
        }
        return null;
    }
}
