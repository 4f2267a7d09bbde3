@NullMarked
package io.plinth.kvcache.admin.process;

import org.jspecify.annotations.NullMarked;
