package io.plinth.kit.config;

import java.util.Collection;

/** Where a section's rules report to. Paths are dotted keys below the section: {@code routes.all.pool}. */
public interface Check {
    /** The stack the section belongs to, for references to regions, nodes and apps. */
    StackConfig stack();

    /** Reports a problem at the position of {@code path}, or of its nearest parent that stands in the file. */
    void problem(String path, String message);

    /** Reports a dangling reference, with the nearest known spelling, unless {@code name} is known. */
    void reference(String path, String what, String name, Collection<String> known);
}
