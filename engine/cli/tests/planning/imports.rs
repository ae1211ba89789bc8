//! `import` blocks and the `import` command.

use serde_json::json;

use crate::support::Project;

#[test]
fn blocks_give_existing_objects_to_resources() {
    let project = Project::new(
        "locals {\n  ids = { a = \"11\", b = \"22\" }\n}\n\
         import {\n  for_each = local.ids\n  to = module.m[each.key].terraform_data.x\n  id = each.value\n}\n\
         module \"m\" {\n  source = \"./m\"\n  for_each = local.ids\n}\n",
    );
    project.write("m/main.tf", "resource \"terraform_data\" \"x\" {}\n");
    let plan = project.plan("");
    let expected = "module.m[\"a\"].terraform_data.x no-op\nmodule.m[\"b\"].terraform_data.x no-op";
    assert_eq!(Project::actions(&plan), expected);
    assert_eq!(plan["resource_changes"][1]["change"]["importing"], json!({"id": "22"}));
    assert_eq!(plan["applyable"], true);
    let text = project.apply("");
    assert!(text.contains("module.m[\"a\"].terraform_data.x: Import complete [id=11]"), "{text}");
    assert!(
        text.contains("Apply complete! Resources: 2 imported, 0 added, 0 changed, 0 destroyed."),
        "{text}"
    );
    assert_eq!(project.plan("")["applyable"], false, "what is managed is not imported again");
}

#[test]
fn blocks_in_modules_count_too() {
    let project = Project::new("module \"m\" {\n  source = \"./m\"\n  id = \"7\"\n}\n");
    project.write(
        "m/main.tf",
        "variable \"id\" {}\nresource \"terraform_data\" \"x\" {}\n\
         import {\n  to = terraform_data.x\n  id = var.id\n}\n",
    );
    project.apply("");
    assert_eq!(project.state()["resources"][0]["instances"][0]["attributes"]["id"], "7");
}

#[test]
fn ids_may_come_from_objects_that_exist() {
    let project = Project::new("resource \"terraform_data\" \"a\" {\n  input = \"known\"\n}\n");
    project.apply("");
    project.write(
        "more.tf",
        "import {\n  to = terraform_data.b\n  id = terraform_data.a.output\n}\nresource \"terraform_data\" \"b\" {}\n",
    );
    let plan = project.plan("");
    let b = &plan["resource_changes"][1];
    assert_eq!(b["change"]["after"]["id"], "known");
    assert_eq!(b["change"]["importing"], json!({"id": "known"}));
}

#[test]
fn ids_that_cannot_be_used_are_refused() {
    for (id, words) in [
        ("null", "The import ID cannot be null."),
        ("\"\"", "The import ID value evaluates to an empty string"),
        ("sensitive(\"x\")", "The import ID cannot be sensitive."),
        ("terraform_data.new.id", "depends on resource attributes that"),
        ("[]", "Invalid expression value: string required."),
    ] {
        let project = Project::new(&format!(
            "resource \"terraform_data\" \"new\" {{}}\nresource \"terraform_data\" \"a\" {{}}\n\
             import {{\n  to = terraform_data.a\n  id = {id}\n}}\n"
        ));
        let message = project.run("plan").failed();
        assert!(message.contains(words) && message.contains("main.tf line 5"), "{id}: {message}");
    }
}

#[test]
fn targets_must_be_declared_once() {
    let block = "import {\n  to = terraform_data.a\n  id = \"1\"\n}\n";
    let project = Project::new(block);
    let message = project.run("plan").failed();
    assert!(message.contains("Error: Configuration for import target does not exist"), "{message}");
    project.write("main.tf", &format!("resource \"terraform_data\" \"a\" {{}}\n{block}{block}"));
    let message = project.run("plan").failed();
    assert!(message.contains("Error: Duplicate import configuration for \"terraform_data.a\""), "{message}");
    assert!(message.contains("main.tf line 7"), "{message}");
    let keyed = block.replace("terraform_data.a", "terraform_data.a[1]");
    project.write("main.tf", &format!("resource \"terraform_data\" \"a\" {{\n  count = 1\n}}\n{keyed}"));
    let message = project.run("plan").failed();
    assert!(
        message.contains("The configuration for the given import terraform_data.a[1] does not"),
        "{message}"
    );
}

#[test]
fn configuration_is_written_for_what_has_none() {
    let project = Project::new(
        "import {\n  to = terraform_data.b\n  id = \"2\"\n}\nimport {\n  to = terraform_data.a\n  id = \"1\"\n}\n",
    );
    let plan = project.plan("-generate-config-out=new.tf");
    assert_eq!(Project::actions(&plan), "terraform_data.a no-op\nterraform_data.b no-op");
    insta::assert_snapshot!(project.read("new.tf"), @r##"
    # __generated__ by Terraform
    # Please review these resources and move them into your main configuration files.

    # __generated__ by Terraform from "1"
    resource "terraform_data" "a" {
      input            = null
      triggers_replace = null
    }

    # __generated__ by Terraform from "2"
    resource "terraform_data" "b" {
      input            = null
      triggers_replace = null
    }
    "##);
    let message = project.run("plan -generate-config-out=new.tf").failed();
    assert!(message.contains("Target generated file already exists"), "{message}");
    assert!(project.run("apply saved.plan").succeeded().contains("2 imported"));
}

#[test]
fn the_command_imports_one_object() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  count = 1\n}\noutput \"o\" {\n  value = terraform_data.a[0].id\n}\n",
    );
    let text = project.run("import terraform_data.a[0] the-id").succeeded();
    insta::assert_snapshot!(text, @r#"
    terraform_data.a[0]: Importing from ID "the-id"...
    terraform_data.a[0]: Import prepared!
      Prepared terraform_data for import
    terraform_data.a[0]: Refreshing state... [id=the-id]

    Import successful!

    The resources that were imported are shown above. These resources are now in
    your Terraform state and will henceforth be managed by Terraform.
    "#);
    assert_eq!(project.state()["outputs"]["o"]["value"], "the-id");
    for (address, summary) in [
        ("terraform_data.a[0]", "Resource already managed by Terraform"),
        ("terraform_data.a[1]", "Configuration for import target does not exist"),
        ("terraform_data.b", "resource address \"terraform_data.b\" does not exist in the configuration."),
        ("module.m.terraform_data.a", "Import to non-existent module"),
        ("data.terraform_remote_state.x", "A managed resource address is required."),
    ] {
        let message = project.run_with(&["import", address, "x"]).failed();
        assert!(message.contains(summary), "{address}: {message}");
    }
}

#[test]
fn what_exists_already_may_be_taken_over_without_its_id() {
    let group = |name: &str, with_import: bool| {
        let import = "import {\n  to        = azurerm_resource_group.NAME\n  if_exists = true\n}\n";
        let import = if with_import { import } else { "" };
        let block = "resource \"azurerm_resource_group\" \"NAME\" {\n  name     = \"NAME\"\n  location = \"westeurope\"\n}\n";
        format!("{import}{block}").replace("NAME", name)
    };
    let provider = "provider \"azurerm\" {\n  features {}\n}\n";
    let project = Project::new(&format!("{provider}{}", group("there", false)));
    project.apply("-emulate");
    std::fs::remove_file(project.path("terraform.tfstate")).unwrap();
    let both = format!("{provider}{}{}", group("there", true), group("absent", true));
    project.write("main.tf", &both);
    let text = project.apply("-emulate");
    assert!(
        text.contains("Apply complete! Resources: 1 imported, 1 added, 0 changed, 0 destroyed."),
        "{text}"
    );
    // Once both are managed, the blocks have nothing more to say.
    let again = project.run("plan -emulate -detailed-exitcode");
    assert_eq!(again.code, 0, "{}\n{}", again.stdout, again.stderr);
    project.write("main.tf", &both.replace("  if_exists = true\n", "  if_exists = \"maybe\"\n"));
    assert!(project.run("plan -emulate").failed().contains("Invalid import if_exists argument"));
    project.write("main.tf", &both.replace("  if_exists = true\n", ""));
    assert!(project.run("validate").failed().contains("The argument \"id\" is required"));
}
