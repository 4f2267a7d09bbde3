package io.plinth.deploy.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** A JSON text as indented lines, {@code name: value} and {@code - item}, for eyes. Stateless. */
final class JsonOutline {
    private static final int INDENT = 2;
    private final JsonFactory factory = new JsonFactory();

    /** Fails when it is no JSON. */
    String of(String json) throws IOException {
        StringBuilder out = new StringBuilder();
        try (JsonParser parser = factory.createParser(json)) {
            while (parser.nextToken() != null) {
                token(parser, out);
            }
        }
        return out.toString();
    }

    private static void token(JsonParser parser, StringBuilder out) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.FIELD_NAME || token.isStructEnd()) {
            return;
        }
        // What the value stands in: its own start is a level deeper already.
        var around = token.isStructStart() ? parser.getParsingContext().getParent() : parser.getParsingContext();
        if (around == null || around.inRoot()) {
            if (token.isScalarValue()) {
                out.append(parser.getText()).append('\n');
            }
            return;
        }
        out.repeat(' ', INDENT * (around.getNestingDepth() - 1));
        String name = around.inArray() ? "-" : around.getCurrentName() + ":";
        out.append(name);
        if (token.isScalarValue()) {
            out.append(' ').append(parser.getText());
        }
        out.append('\n');
    }
}
