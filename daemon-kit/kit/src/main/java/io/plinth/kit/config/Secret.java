package io.plinth.kit.config;

import org.jspecify.annotations.Nullable;

/** A value that never appears in output. In the file it is {@code {file: PATH}} or {@code {env: NAME}}, never plain text. */
public final class Secret {
    private final String value;

    public Secret(String value) {
        this.value = value;
    }

    /** The secret itself, for the one place that needs it. */
    public String reveal() {
        return value;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Secret secret && value.equals(secret.value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return "***";
    }
}
