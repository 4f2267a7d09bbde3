/** COMMAND: what the commands of this node are, and where a call has its keys. */
@NullMarked
package io.plinth.kvcache.admin.commands;

import org.jspecify.annotations.NullMarked;
