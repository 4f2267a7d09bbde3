/** What scripts can call that knows nothing of commands: Lua's own libraries as far as Redis has them, cjson, cmsgpack, bit, struct. */
@NullMarked
package io.plinth.kvcache.lua.lib;

import org.jspecify.annotations.NullMarked;
