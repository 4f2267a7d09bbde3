@NullMarked
package io.plinth.kvcache.loader.behind;

import org.jspecify.annotations.NullMarked;
