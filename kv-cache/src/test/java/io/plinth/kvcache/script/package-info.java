@NullMarked
package io.plinth.kvcache.script;

import org.jspecify.annotations.NullMarked;
