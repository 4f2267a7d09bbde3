package io.plinth.kit.config;

/** A daemon kind's section, as the reader of the file needs to know it. */
public interface SectionType {
    /** The section's name in the file: {@code lb-proxy}. */
    String kind();

    /** The record the section is bound to. */
    Class<? extends Record> config();

    /** The port of a node that names none; 0 for a daemon whose listeners stand in its section. */
    int standardPort();
}
