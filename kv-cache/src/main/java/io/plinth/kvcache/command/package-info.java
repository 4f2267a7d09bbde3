/**
 * What a command does: {@link io.plinth.kvcache.command.CommandTable} -&gt; checks -&gt; segment locks -&gt; handler -&gt; reply.
 */
@NullMarked
package io.plinth.kvcache.command;

import org.jspecify.annotations.NullMarked;
