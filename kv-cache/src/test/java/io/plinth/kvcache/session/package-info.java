@NullMarked
package io.plinth.kvcache.session;

import org.jspecify.annotations.NullMarked;
