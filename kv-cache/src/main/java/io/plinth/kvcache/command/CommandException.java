package io.plinth.kvcache.command;

import io.plinth.kvcache.wire.Args;

/** A command cannot be done; the message is the whole error reply, its code included. Expected, so without a stack trace. */
public final class CommandException extends RuntimeException {
    private static final int MAX_SHOWN_ARGS = 128;

    public CommandException(String reply) {
        super(reply, null, false, false);
    }

    public static CommandException syntax() {
        return new CommandException("ERR syntax error");
    }

    public static CommandException notInteger() {
        return new CommandException("ERR value is not an integer or out of range");
    }

    public static CommandException wrongType() {
        return new CommandException("WRONGTYPE Operation against a key holding the wrong kind of value");
    }

    /** {@code name} as COMMAND shows it: {@code get}, {@code client|getname}. */
    public static CommandException arity(String name) {
        return new CommandException("ERR wrong number of arguments for '" + name + "' command");
    }

    /** Also for a handler that is reached with a subcommand that is not its own. */
    public static CommandException subcommand(String given, String container) {
        return new CommandException("ERR unknown subcommand '" + clean(given) + "'. Try " + container + " HELP.");
    }

    /** For a subcommand whose arguments have no form that it knows. */
    public static CommandException form(String subcommand, String container) {
        return new CommandException("ERR unknown subcommand or wrong number of arguments for '" + clean(subcommand)
                + "'. Try " + container + " HELP.");
    }

    /** For a name that is no command's; shows what came with it. */
    static CommandException unknown(Args args) {
        StringBuilder shown = new StringBuilder();
        for (int i = 1; i < args.count() && shown.length() < MAX_SHOWN_ARGS; i++) {
            String text = args.text(i);
            int room = MAX_SHOWN_ARGS - shown.length();
            shown.append('\'')
                    .append(clean(text.length() > room ? text.substring(0, room) : text))
                    .append("' ");
        }
        return new CommandException(
                "ERR unknown command '" + clean(args.text(0)) + "', with args beginning with: " + shown);
    }

    /** Text from a client, made fit for an error line. */
    public static String clean(String text) {
        int nul = text.indexOf(0);
        String cut = nul < 0 ? text : text.substring(0, nul);
        return (cut.length() > 128 ? cut.substring(0, 128) : cut)
                .replace('\r', ' ')
                .replace('\n', ' ');
    }
}
