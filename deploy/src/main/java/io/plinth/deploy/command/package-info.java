/** The subcommands: what the user types, and what is printed. */
@NullMarked
package io.plinth.deploy.command;

import org.jspecify.annotations.NullMarked;
