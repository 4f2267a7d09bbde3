/**
 * Scripts and functions: what is loaded, the {@code redis} table they call commands through, the segments they hold, and the commands
 * that load, run and kill them.
 */
@NullMarked
package io.plinth.kvcache.script;

import org.jspecify.annotations.NullMarked;
