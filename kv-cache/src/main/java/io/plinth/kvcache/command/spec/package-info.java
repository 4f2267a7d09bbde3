/** What is known of each command beside what it does: arity, flags, categories, where its keys stand. */
@NullMarked
package io.plinth.kvcache.command.spec;

import org.jspecify.annotations.NullMarked;
