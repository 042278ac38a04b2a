// Weights that lie sealed until their owner releases them to this node.
#include "host/log.h"
#include "node/apart.h"
#include "node/node_parts.h"

static vch_status take_grant(void *context, const uint8_t *shown, const Vouch__Grant *grant,
                             uint32_t *place, struct vch_complaint *complaint)
{
    struct vch_node *node = context;
    const struct vch_weights_release release = {.manifest = grant->manifest.data,
                                                .manifest_size = grant->manifest.len,
                                                .grant = grant->grant.data,
                                                .grant_size = grant->grant.len,
                                                .binder = shown};

    return vch_weights_take(node->weights, place, &release, complaint);
}

static vch_status ask_grant(void *context, uint32_t place, struct vch_complaint *complaint)
{
    const struct vch_node *node = context;

    return vch_weights_ask(node->weights, place, complaint);
}

static void hand_to_engine(const struct vch_node *node, const struct vch_weights_opened *opened)
{
    struct vch_complaint complaint = {""};

    if (node->options.apart == NULL) return;
    vch_status status =
        vch_apart_add(node->options.apart, opened->memory, opened->size, &complaint);
    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_WARNING, "the weights just opened cannot be run: %s", complaint.text);
}

// Weights that lay sealed are served from now on: greetings name them, and the statement does.
static void on_opened(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;
    struct vch_weights_opened opened;

    (void)unused, (void)what;
    if (!vch_weights_collect(node->weights, &opened)) return;
    node->metrics.weights_opened++;
    hand_to_engine(node, &opened);
    if (node->attester == NULL) return;
    struct vch_facts facts = node->options.attest->facts;
    facts.model = vch_models_digest(&node->models);
    vch_status status = vch_attester_set_facts(node->attester, &facts);
    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_WARNING, "the statement does not name the weights just opened: %s",
                      vch_code_text(status.code));
}

vch_status vch_node_parts_load_weights(struct vch_node *node, struct vch_complaint *complaint)
{
    if (node->options.weights == NULL) return VCH_OK;
    struct vch_weights_setup setup = *node->options.weights;
    setup.models = &node->models;
    setup.kernels = node->options.kernels;
    setup.workers = node->options.workers;
    return vch_weights_new(&node->weights, &setup, complaint);
}

// The sessions' host is there.
vch_status vch_node_parts_await_weights(struct vch_node *node)
{
    if (node->weights == NULL) return VCH_OK;
    node->session_host.take_grant = take_grant;
    node->session_host.ask_grant = ask_grant;
    return vch_node_parts_add_event(&node->opened, node->base,
                                    vch_weights_descriptor(node->weights), EV_READ, on_opened, node,
                                    NULL);
}
